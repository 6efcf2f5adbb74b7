"""Messages, embeds, buttons and forms that users see in Discord."""
