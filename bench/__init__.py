"""What Tenantry costs, measured against something: `python -m bench`."""
