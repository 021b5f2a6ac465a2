"""From a query to hits: bound to a snapshot, planned for the compiled core, and what comes back."""
