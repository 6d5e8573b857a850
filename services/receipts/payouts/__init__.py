"""What receipts have earned, paid: to the balance, to a phone, or by an operator's own hand. Never twice."""
