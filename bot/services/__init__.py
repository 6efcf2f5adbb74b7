"""What the bot is for; knows ids, strings and models, nothing of Discord objects."""
