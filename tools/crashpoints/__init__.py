"""Every moment at which a day of work can be cut, tried one by one (UZ-USB-02, UZ-SVC-02, UZ-DEV-03)."""
