"""One notice on its way to where it is read, and how that ends. `bot.delivery` says which, and when."""
