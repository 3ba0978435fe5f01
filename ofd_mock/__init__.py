"""The mock operators (OFD) of the lab: Uzbekistan in uz/."""
