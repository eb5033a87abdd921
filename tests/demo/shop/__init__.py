"""A small shop whose shoppers pay with points: one page of plain HTML and JavaScript, as a storefront developer would begin."""
