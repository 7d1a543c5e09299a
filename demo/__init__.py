"""What a demo shows: made-up customers with three weeks behind them, and trouble that is real."""
