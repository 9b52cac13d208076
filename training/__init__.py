"""The programs that make the adapters which the product ships: ``training/README.md``. No part of the wheel."""
