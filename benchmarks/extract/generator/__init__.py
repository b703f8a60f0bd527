"""A web archive of any size, with its WAT file and the pairs that are in it, from a seed.

Page sizes are lognormal with a median of 100 KB and a mean of 150 KB. Common Crawl's archives of
2024 hold 377 TiB in 2.7 billion pages (May) and 394 TiB in 2.64 billion (December), 150 to 164 KB a
page; the HTTP Archive's median home page of 2024 transfers 18 KB of HTML, which is about 100 KB
unpacked at the four- to sixfold compression that HTML has.
"""
