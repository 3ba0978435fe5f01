"""The reference Kazakh cash register: a KKM that any operator of kz-ofd can be tried with."""
