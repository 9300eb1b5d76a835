"""What is written around the engine's scripts, so that Redis' own log says what they did."""
