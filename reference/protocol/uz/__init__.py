"""The wire of the Uzbek fiscal chain: values, TLV, receipts, commands, operator messages, stand-ins."""
