"""The Uzbek operator: message port 13447, state page and check page on 13448 (uz-fiscal §10, §11)."""
