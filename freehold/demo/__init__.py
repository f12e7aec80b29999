"""The demo network's content: clips drawn and sounded on the spot, their makers, and an audience with tastes."""
