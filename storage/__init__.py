"""Tables, transactions, inbox, outbox, timers and the vault. Knows domain values; no Telegram, no words."""
