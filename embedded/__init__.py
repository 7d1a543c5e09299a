"""PostgreSQL and Temporal from their wheels, and the supervisor behind `tenantry up`."""
