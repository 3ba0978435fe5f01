"""The Kazakh operator: intake on 7777, ledger of documents, check page and control."""
