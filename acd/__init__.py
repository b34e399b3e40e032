"""The routing core: which contact goes to which agent, and why.

Standard library only, and pure: time arrives as an argument, nothing here reads a clock, draws a random
number, awaits or does I/O. The live service, the tests, the simulator and the replay run this same code.
"""
