"""What is not Telegram: SMS gateways. Knows no mission."""
