from setuptools import Extension, setup

# Optional: what it does, cvkit.classic.windows does in NumPy, to the same bits. No Python is in it, see the file.
FLAGS = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"]
setup(
    ext_modules=[
        Extension("cvkit.classic._windows", ["cvkit/classic/_windows.c"], extra_compile_args=FLAGS, optional=True)
    ]
)
