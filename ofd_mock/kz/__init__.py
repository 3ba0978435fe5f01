"""The Kazakh operator: intake on 7777, a process of its own; ledger of documents, check page and control."""
