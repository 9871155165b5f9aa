"""The judges that section 2 of the report names, from the files that their authors published.

Nothing is fetched: a folder holds the files (`files.py` says which, and where they are published). A judge
without a published licence for our use is not among the defaults.
"""
