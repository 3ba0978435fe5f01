"""What holds for every test: Hypothesis judges behaviour, never the speed of the machine it runs on."""

from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
