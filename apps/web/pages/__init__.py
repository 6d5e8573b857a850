"""What people see in a browser: texts of the catalogues, nothing from other hosts."""
