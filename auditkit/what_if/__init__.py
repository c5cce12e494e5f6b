"""What would be: proposed rules applied to what a snapshot shows."""
