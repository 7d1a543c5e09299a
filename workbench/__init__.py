"""What tests and measurements both need: servers, consoles, browsers, tabs without one, much data, plans of queries."""
