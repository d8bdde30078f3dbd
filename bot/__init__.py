"""The SMT coordinator: a Telegram bot that carries a telemedicine mission from the call to the close."""
