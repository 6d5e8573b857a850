"""Who answers to what. Each module's `routes()` is a fresh Router: its first lines are the table of what it handles.
Handlers are thin: parse, ask a service in a thread, render, show."""
