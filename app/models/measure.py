from django.db import models


class Measure(models.Model):
    """A number for the metrics that all processes share: a counter, or the latest value."""

    name = models.CharField(max_length=50, primary_key=True)
    value = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"
