"""The Temporal worker: workflows orchestrate, activities write, tracking watches both."""
