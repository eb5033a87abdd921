"""Stand-ins for the two services outside: real HTTP servers that behave, and misbehave, as the real ones were seen to."""
