"""Rights that are granted, and what the audit log shows of their use: who needs what, and what nobody needs."""
