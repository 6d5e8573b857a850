"""What people see. Each `render_...` is a pure function from a language and data to a `Screen`."""
