"""The cables' protocols as bytes and values: USB 2.0, CCID 1.1, USB/IP, T=0, ATR. Nothing here does I/O."""
