"""Pages of the owner portal: server-rendered, in Uzbek, Russian and English."""
