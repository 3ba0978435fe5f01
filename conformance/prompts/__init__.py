"""Acts that no program can do, such as pulling a cable: a person is asked, answers or skips."""

from __future__ import annotations

from conformance.prompts.prompter import DONE, Nobody, Prompter, ScriptedPrompter

__all__ = ["DONE", "Nobody", "Prompter", "ScriptedPrompter"]
