"""Routes of all engines in one form: by which hosts they are open, how encrypted, and what is behind them."""
