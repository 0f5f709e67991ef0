def sort(numbers):
    return numbers
