"""Campaigns: what operators promise for receipts, and what one receipt earns by it. The judgement is pure."""
