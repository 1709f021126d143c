"""What happens in a life. Each rule asks the model first, and then the services."""
