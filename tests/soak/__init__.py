"""Many missions, people who do as they please, a Telegram in trouble, a bot that dies; what must be true."""
