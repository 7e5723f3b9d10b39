"""Our own database: tables, and who reads and writes them. Every query is scoped by org."""
