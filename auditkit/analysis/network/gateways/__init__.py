"""Gateways and their routes: which listeners act, which routes they admit, and what is behind them."""
