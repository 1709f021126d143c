"""What pages and the JSON API share: the viewer and the signed cookies."""
