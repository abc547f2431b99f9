#!/bin/sh
# The libraries that benchmarks/classic.py compares with, into the environment whose python is given:
#
#     python3 -m venv FOLDER && sh benchmarks/peers.sh FOLDER/bin/python
set -e
python=$1
"$python" -m pip install numpy==2.4.6 opencv-contrib-python==5.0.0.93 scikit-image==0.26.0 scipy==1.17.1 \
    SimpleITK==2.5.7 mahotas==1.4.19 connected-components-3d==4.1.1 diplib==3.6.1 fill-voids==2.1.2 \
    pycocotools==2.0.11 numba==0.68.0 scikit-learn nanobind scikit-build-core
"$python" -m pip install --no-deps lsnms==0.5.0 # names an older numpy, for which it has no reason

# doxapy has wheels of 0.9.9 for Python 3.12 and later alone; its source asks for 3.12 for the stable ABI only.
work=$(mktemp -d)
if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))'; then
    "$python" -m pip install doxapy==0.9.9
else
    "$python" -m pip download --no-binary doxapy --no-deps --no-build-isolation --ignore-requires-python \
        --dest "$work" doxapy==0.9.9
    tar -xzf "$work/doxapy-0.9.9.tar.gz" -C "$work"
    sed -i 's/find_package(Python 3.12 /find_package(Python /; /NB_TARGET_ABI_VERSION/d; s/STABLE_ABI //' \
        "$work/doxapy-0.9.9/CMakeLists.txt"
    "$python" -m pip install --no-deps --no-build-isolation --ignore-requires-python "$work/doxapy-0.9.9"
fi
rm -r "$work"
