print(("%d %s"):format(6 * 7, "hello"))
