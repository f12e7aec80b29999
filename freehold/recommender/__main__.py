"""python -m freehold.recommender: compiles the loops ahead of the first start and keeps them in numba's cache."""

from freehold.recommender.warm import warm_up

warm_up()
