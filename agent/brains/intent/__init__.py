"""What such messages were meant as: a linear model beside the rules, learnt from messages with answers.

`features` says what it sees of a message and of each picture, `linear` weighs that, `model` puts its view and
the rules' together. `python -m agent.learn` makes the weights.
"""
