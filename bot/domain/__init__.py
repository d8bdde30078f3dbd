"""The rules: pure functions on frozen values. Knows no Telegram, SQL, HTTP, clock or words."""
