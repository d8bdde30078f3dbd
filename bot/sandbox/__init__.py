"""An emulated Telegram with a page of chats. A stranger to the bot: it meets it over HTTP only."""
