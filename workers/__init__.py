"""The Temporal worker: workflows orchestrate, activities write, interceptors track."""
