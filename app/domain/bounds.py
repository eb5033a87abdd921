"""The greatest values that the tables, the Points API and the pages all take."""

# The most points of one item: what a 32-bit whole number holds.
POINTS_MAX = 2**31 - 1
# A rule may let a claim wait for a hundred years.
EXPIRES_DAYS_MAX = 36500
# A customer whom Saleor deleted is erased within a year.
ERASE_AFTER_DAYS_MAX = 365
# RFC 5321: 64 for the local part, one for the @, 255 for the domain.
EMAIL_LENGTH_MAX = 320
CUSTOMER_TYPE_LENGTH_MAX = 128
# What a spend paid for: the number of a receipt, or of an order.
REFERENCE_LENGTH_MAX = 128
