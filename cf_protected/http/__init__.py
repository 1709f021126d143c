"""What pages and the JSON API share: who asks, cookies, CORS, problems."""
