"""What a shop has around its till: goods, places, people, orders, and what it tells its owner."""
