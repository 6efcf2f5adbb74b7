"""What the product promises."""
