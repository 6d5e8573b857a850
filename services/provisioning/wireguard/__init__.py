"""WireGuard, without the database: keys, addresses, the buyer's file and QR, and the client of a server's agent."""
